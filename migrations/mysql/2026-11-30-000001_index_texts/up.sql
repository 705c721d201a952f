-- The words of each table, for `folio search`: a column that the database makes of the texts, and its full-text index. The
-- column compares without regard to case, which the texts do not. An underscore and an apostrophe would be part of a word.

-- lint: allow rewrite-table because the column is computed from the texts that are there
-- lint: allow blocking-index because these servers build a full-text index in no other way
ALTER TABLE users
    ADD COLUMN words LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        GENERATED ALWAYS AS (replace(replace(concat_ws(' ', username, name, email, company, location), '_', ' '), '''', ' ')) STORED,
    ADD FULLTEXT INDEX users_words_idx (words);

-- lint: allow rewrite-table because the column is computed from the texts that are there
-- lint: allow blocking-index because these servers build a full-text index in no other way
ALTER TABLE repositories
    ADD COLUMN words LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        GENERATED ALWAYS AS (replace(replace(concat_ws(' ', repo_name, description, language, topics), '_', ' '), '''', ' ')) STORED,
    ADD FULLTEXT INDEX repositories_words_idx (words);

-- lint: allow rewrite-table because the column is computed from the texts that are there
-- lint: allow blocking-index because these servers build a full-text index in no other way
ALTER TABLE resumes
    ADD COLUMN words LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        GENERATED ALWAYS AS (replace(replace(concat_ws(' ', vacancy, body), '_', ' '), '''', ' ')) STORED,
    ADD FULLTEXT INDEX resumes_words_idx (words);

-- lint: allow rewrite-table because the column is computed from the texts that are there
-- lint: allow blocking-index because these servers build a full-text index in no other way
ALTER TABLE notes
    ADD COLUMN words LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        GENERATED ALWAYS AS (replace(replace(concat_ws(' ', name, body), '_', ' '), '''', ' ')) STORED,
    ADD FULLTEXT INDEX notes_words_idx (words);
