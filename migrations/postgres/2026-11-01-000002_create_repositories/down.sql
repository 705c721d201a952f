DROP TABLE repositories;
DROP TYPE repository_status;
