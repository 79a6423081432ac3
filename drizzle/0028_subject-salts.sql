CREATE TABLE "subject_salts" (
	"id" text PRIMARY KEY NOT NULL,
	"salt" text NOT NULL
);
