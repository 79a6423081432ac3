CREATE TABLE "initial_access_tokens" (
	"hash" text PRIMARY KEY NOT NULL,
	"uses_left" integer NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "self_registered" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "registration_token_hash" text;--> statement-breakpoint
CREATE INDEX "initial_access_tokens_expires_at" ON "initial_access_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "clients_self_registered" ON "clients" USING btree ("created_at") WHERE "clients"."self_registered";