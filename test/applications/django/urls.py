"""Says who is asking, and keeps a word for whoever asks."""

from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


def who(request):
    kept = request.session.get("kept", "")
    if "keep" in request.GET:
        request.session["kept"] = request.GET["keep"]
    return JsonResponse({"user": request.user.get_username(), "kept": kept})


@csrf_exempt
def hook(request):
    return JsonResponse({"user": request.user.get_username(), "signature": request.headers.get("X-Signature", "")})


urlpatterns = [path("", who), path("hooks/payment", hook)]
