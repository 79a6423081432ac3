CREATE TABLE "host_sessions" (
	"secret_hash" text PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"origin" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "host_tickets" (
	"ticket_hash" text PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"origin" text NOT NULL,
	"return_to" text NOT NULL,
	"nonce_hash" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "host_sessions" ADD CONSTRAINT "host_sessions_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "host_tickets" ADD CONSTRAINT "host_tickets_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "host_sessions_session_origin" ON "host_sessions" USING btree ("session_id","origin");--> statement-breakpoint
CREATE INDEX "host_tickets_session_id" ON "host_tickets" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "host_tickets_expires_at" ON "host_tickets" USING btree ("expires_at");