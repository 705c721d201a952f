-- What else the origin tells about a repository. NULL is what no record has told yet: rows from before have it, and the
-- next import fills it. One statement, since none can be undone.
-- lint: allow validating-constraint because the columns are new, so there is nothing in them to be checked
ALTER TABLE repositories
    ADD COLUMN visibility VARCHAR(16)
        COMMENT 'As its origin says it: a repository that is Internal has the status Private.',
    ADD COLUMN description LONGTEXT,
    ADD COLUMN language VARCHAR(256) COMMENT 'The language of most of its code.',
    ADD COLUMN topics VARCHAR(2048)
        COMMENT 'Its topics in their order, a space between two; empty if it has none, NULL if that is not known.',
    ADD COLUMN stars BIGINT COMMENT 'As of the last import, as everything here.',
    ADD COLUMN forks BIGINT,
    ADD COLUMN archived BOOLEAN,
    ADD COLUMN fork BOOLEAN COMMENT 'Whether it is a fork of another repository.',
    ADD COLUMN url VARCHAR(2048) COMMENT 'The page about it, for people.',
    ADD COLUMN pushed_at DATETIME(6) COMMENT 'When its code last changed, in UTC.',
    ADD COLUMN repo_created_at DATETIME(6)
        COMMENT 'When it was created where it comes from, in UTC; created_at is when it was recorded here.',
    ADD CONSTRAINT repositories_visibility_label CHECK (visibility IN ('Public', 'Private', 'Internal')),
    ADD CONSTRAINT repositories_description_no_nul CHECK (locate(char(0 USING utf8mb4), description) = 0),
    ADD CONSTRAINT repositories_language_length CHECK (char_length(language) BETWEEN 1 AND 256),
    ADD CONSTRAINT repositories_language_no_nul CHECK (locate(char(0 USING utf8mb4), language) = 0),
    ADD CONSTRAINT repositories_topics_length CHECK (char_length(topics) <= 2048),
    ADD CONSTRAINT repositories_topics_no_nul CHECK (locate(char(0 USING utf8mb4), topics) = 0),
    ADD CONSTRAINT repositories_stars_count CHECK (stars >= 0),
    ADD CONSTRAINT repositories_forks_count CHECK (forks >= 0),
    ADD CONSTRAINT repositories_url_length CHECK (char_length(url) BETWEEN 1 AND 2048),
    ADD CONSTRAINT repositories_url_no_nul CHECK (locate(char(0 USING utf8mb4), url) = 0);
