#!/usr/bin/env bash
# Perl's Crypt::JWT of Debian 12 compares a list of audiences with one name and refuses.
#
# RFC 7519, section 4.1.3: "aud" is a list, or one string in the special case of one audience. With verify_aud => 'api' Crypt::JWT 0.034
# (libcrypt-jwt-perl of Debian 12) accepts "aud": "api" and dies with "aud claim scalar check failed" for "aud": ["api"] as
# well as for ["api", "other"]. Seen 2026-11.
#
# An issuer writes one audience as a string, which every library reads. A client that must read lists passes a sub as verify_aud.
# Needs Debian 12, perl and libjson-perl; the packages are unpacked into the temporary folder, not installed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get download -q libcrypt-jwt-perl=0.034-1 libcryptx-perl=0.077-1+b1 2> log > /dev/null || { cat log >&2; exit 1; }
for package in *.deb; do dpkg -x "$package" unpacked; done
cat > decode.pl <<'PERL'
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt encode_jwt);
use JSON ();
my $key = 'a shared key of thirty-two bytes';
my $member = sub { my $given = shift; grep { $_ eq 'api' } ref $given ? @$given : $given };
for my $audience ('api', ['api'], ['api', 'other']) {
  my $token = encode_jwt(alg => 'HS256', key => $key, payload => { sub => 'alice', aud => $audience });
  for my $check (['a name', 'api'], ['a sub', $member]) {
    my $good = eval { decode_jwt(token => $token, key => $key, verify_aud => $check->[1]) };
    my $why = $@ =~ /JWT: (.*) at / ? $1 : '';
    print JSON->new->allow_nonref->encode($audience), ", $check->[0]: ", $good ? 'accepted' : $why, "\n";
  }
}
PERL

PERL5LIB=$(find unpacked -type d \( -path '*/share/perl5' -o -path '*/perl5/5.*' \) -prune -print | paste -sd :) perl decode.pl | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
"api", a name: accepted
"api", a sub: accepted
["api"], a name: aud claim scalar check failed
["api"], a sub: accepted
["api","other"], a name: aud claim scalar check failed
["api","other"], a sub: accepted
STATED
