DROP TABLE note_repositories;
DROP TABLE note_tags;
