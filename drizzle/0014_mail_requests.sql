CREATE TABLE "mail_requests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "mail_requests_due_at" ON "mail_requests" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "mail_requests_created_at" ON "mail_requests" USING btree ("created_at");