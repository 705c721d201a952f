DROP INDEX users_words_idx;
DROP INDEX repositories_words_idx;
DROP INDEX resumes_words_idx;
DROP INDEX notes_words_idx;
