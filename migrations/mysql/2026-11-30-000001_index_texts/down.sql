ALTER TABLE users DROP INDEX users_words_idx, DROP COLUMN words;
ALTER TABLE repositories DROP INDEX repositories_words_idx, DROP COLUMN words;
ALTER TABLE resumes DROP INDEX resumes_words_idx, DROP COLUMN words;
ALTER TABLE notes DROP INDEX notes_words_idx, DROP COLUMN words;
