ALTER TABLE "authorizations" ADD COLUMN "dpop_jkt" text;--> statement-breakpoint
ALTER TABLE "refresh_families" ADD COLUMN "confirmation" jsonb;