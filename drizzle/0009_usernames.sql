CREATE TABLE "username_claims" (
	"username_hash" text PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"released_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "username" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "locale" text;--> statement-breakpoint
CREATE INDEX "username_claims_user_id" ON "username_claims" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "username_claims_released_at" ON "username_claims" USING btree ("released_at");--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_username_unique" UNIQUE("username");