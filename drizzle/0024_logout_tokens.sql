CREATE TABLE "logouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" text NOT NULL,
	"session_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "session_programs" (
	"session_id" uuid NOT NULL,
	"client_id" text NOT NULL,
	"look_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "session_programs_session_id_client_id_pk" PRIMARY KEY("session_id","client_id")
);
--> statement-breakpoint
ALTER TABLE "logouts" ADD CONSTRAINT "logouts_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_programs" ADD CONSTRAINT "session_programs_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_programs" ADD CONSTRAINT "session_programs_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "logouts_due_at" ON "logouts" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "logouts_client_id" ON "logouts" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "session_programs_client_id" ON "session_programs" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "session_programs_look_at" ON "session_programs" USING btree ("look_at");