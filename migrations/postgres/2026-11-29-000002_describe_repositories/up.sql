-- What else the origin tells about a repository. NULL is what no record has told yet: rows from before have it, and the
-- next import fills it.
-- lint: allow validating-constraint because the columns are new, so there is nothing in them to be checked
ALTER TABLE repositories
    ADD COLUMN visibility TEXT COLLATE "C",
    ADD COLUMN description TEXT COLLATE "C",
    ADD COLUMN language TEXT COLLATE "C",
    ADD COLUMN topics TEXT COLLATE "C",
    ADD COLUMN stars BIGINT,
    ADD COLUMN forks BIGINT,
    ADD COLUMN archived BOOLEAN,
    ADD COLUMN fork BOOLEAN,
    ADD COLUMN url TEXT COLLATE "C",
    ADD COLUMN pushed_at TIMESTAMP(6),
    ADD COLUMN repo_created_at TIMESTAMP(6),
    ADD CONSTRAINT repositories_visibility_label CHECK (visibility IN ('Public', 'Private', 'Internal')),
    ADD CONSTRAINT repositories_language_length CHECK (char_length(language) BETWEEN 1 AND 256),
    ADD CONSTRAINT repositories_topics_length CHECK (char_length(topics) <= 2048),
    ADD CONSTRAINT repositories_stars_count CHECK (stars >= 0),
    ADD CONSTRAINT repositories_forks_count CHECK (forks >= 0),
    ADD CONSTRAINT repositories_url_length CHECK (char_length(url) BETWEEN 1 AND 2048);

COMMENT ON COLUMN repositories.visibility IS
    'As its origin says it: a repository that is Internal has the status Private.';
COMMENT ON COLUMN repositories.language IS 'The language of most of its code.';
COMMENT ON COLUMN repositories.topics IS
    'Its topics in their order, a space between two; empty if it has none, NULL if that is not known.';
COMMENT ON COLUMN repositories.stars IS 'As of the last import, as everything here.';
COMMENT ON COLUMN repositories.fork IS 'Whether it is a fork of another repository.';
COMMENT ON COLUMN repositories.url IS 'The page about it, for people.';
COMMENT ON COLUMN repositories.pushed_at IS 'When its code last changed, in UTC.';
COMMENT ON COLUMN repositories.repo_created_at IS
    'When it was created where it comes from, in UTC; created_at is when it was recorded here.';
