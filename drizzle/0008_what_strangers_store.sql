DROP INDEX "audit_events_subject";--> statement-breakpoint
DROP INDEX "revocations_at";--> statement-breakpoint
CREATE INDEX "audit_events_subject_id" ON "audit_events" USING btree ("subject","id");--> statement-breakpoint
CREATE INDEX "audit_events_event_id" ON "audit_events" USING btree ("event","id");--> statement-breakpoint
CREATE INDEX "refresh_families_client_id" ON "refresh_families" USING btree ("client_id") WHERE "refresh_families"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "revocations_at_sequence" ON "revocations" USING btree ("at","sequence");--> statement-breakpoint
CREATE INDEX "users_roles" ON "users" USING gin ("roles");