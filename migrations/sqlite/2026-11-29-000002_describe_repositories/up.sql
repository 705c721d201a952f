-- What else the origin tells about a repository. NULL is what no record has told yet: rows from before have it, and the
-- next import fills it.
-- As its origin says it: a repository that is Internal has the status Private.
ALTER TABLE repositories ADD COLUMN visibility TEXT
    CONSTRAINT repositories_visibility_label CHECK (visibility IN ('Public', 'Private', 'Internal'));
ALTER TABLE repositories ADD COLUMN description TEXT
    CONSTRAINT repositories_description_no_nul CHECK (instr(description, char(0)) = 0);
-- The language of most of its code.
ALTER TABLE repositories ADD COLUMN language TEXT
    CONSTRAINT repositories_language_length CHECK (length(language) BETWEEN 1 AND 256)
    CONSTRAINT repositories_language_no_nul CHECK (instr(language, char(0)) = 0);
-- Its topics in their order, a space between two; empty if it has none, NULL if that is not known.
ALTER TABLE repositories ADD COLUMN topics TEXT
    CONSTRAINT repositories_topics_length CHECK (length(topics) <= 2048)
    CONSTRAINT repositories_topics_no_nul CHECK (instr(topics, char(0)) = 0);
-- As of the last import, as everything here.
ALTER TABLE repositories ADD COLUMN stars BIGINT
    CONSTRAINT repositories_stars_count CHECK (stars >= 0);
ALTER TABLE repositories ADD COLUMN forks BIGINT
    CONSTRAINT repositories_forks_count CHECK (forks >= 0);
ALTER TABLE repositories ADD COLUMN archived BOOLEAN;
-- Whether it is a fork of another repository.
ALTER TABLE repositories ADD COLUMN fork BOOLEAN;
-- The page about it, for people.
ALTER TABLE repositories ADD COLUMN url TEXT
    CONSTRAINT repositories_url_length CHECK (length(url) BETWEEN 1 AND 2048)
    CONSTRAINT repositories_url_no_nul CHECK (instr(url, char(0)) = 0);
-- When its code last changed, in UTC.
ALTER TABLE repositories ADD COLUMN pushed_at TIMESTAMP;
-- When it was created where it comes from, in UTC; created_at is when it was recorded here.
ALTER TABLE repositories ADD COLUMN repo_created_at TIMESTAMP;
