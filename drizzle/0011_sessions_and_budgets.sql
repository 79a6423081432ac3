CREATE TABLE "budgets" (
	"key" text PRIMARY KEY NOT NULL,
	"slices" jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "remembered" boolean DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX "budgets_expires_at" ON "budgets" USING btree ("expires_at");--> statement-breakpoint
ALTER TABLE "known_devices" DROP COLUMN "tries";--> statement-breakpoint
ALTER TABLE "known_devices" DROP COLUMN "window_ends_at";