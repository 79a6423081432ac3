ALTER TABLE "registrations" ADD COLUMN "language" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "links_ended_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mail_requests" ADD COLUMN "recipient" text;--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "recipient" text;--> statement-breakpoint
CREATE INDEX "email_changes_to_email" ON "email_changes" USING btree ("to_email");--> statement-breakpoint
CREATE INDEX "invitations_username" ON "invitations" USING btree ("username") WHERE "invitations"."username" is not null;--> statement-breakpoint
CREATE INDEX "audit_events_actor_id" ON "audit_events" USING btree ("actor","id");--> statement-breakpoint
CREATE INDEX "mail_requests_recipient" ON "mail_requests" USING btree ("recipient");--> statement-breakpoint
CREATE INDEX "mails_recipient" ON "mails" USING btree ("recipient") WHERE "mails"."recipient" is not null;