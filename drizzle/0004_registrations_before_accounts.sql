ALTER TABLE "registrations" ADD COLUMN "email" text;--> statement-breakpoint
UPDATE "registrations" SET "email" = "users"."email" FROM "users" WHERE "users"."id" = "registrations"."user_id";--> statement-breakpoint
-- What was used, what is for an address with an account, and what an operator has shut.
DELETE FROM "registrations" USING "users" WHERE "users"."id" = "registrations"."user_id"
  AND ("registrations"."used_at" IS NOT NULL OR "users"."email_verified_at" IS NOT NULL OR "users"."status" <> 'active');--> statement-breakpoint
ALTER TABLE "registrations" ALTER COLUMN "email" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "registrations" DROP CONSTRAINT "registrations_user_id_users_id_fk";--> statement-breakpoint
CREATE INDEX "registrations_email" ON "registrations" USING btree ("email");--> statement-breakpoint
ALTER TABLE "registrations" DROP COLUMN "user_id";--> statement-breakpoint
ALTER TABLE "registrations" DROP COLUMN "used_at";--> statement-breakpoint
-- Nobody could sign in to these: what was registered is still pending, and becomes an account by its mailed link.
DELETE FROM "users" WHERE "email_verified_at" IS NULL;
