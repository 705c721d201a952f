-- What else the origin tells about an account. NULL is what no record has told yet: rows from before have it, and the
-- next import fills it.
-- lint: allow validating-constraint because the columns are new, so there is nothing in them to be checked
ALTER TABLE users
    ADD COLUMN name TEXT COLLATE "C",
    ADD COLUMN kind TEXT COLLATE "C",
    ADD COLUMN url TEXT COLLATE "C",
    ADD COLUMN company TEXT COLLATE "C",
    ADD COLUMN location TEXT COLLATE "C",
    ADD CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 256),
    ADD CONSTRAINT users_kind_label CHECK (kind IN ('User', 'Organization', 'Bot')),
    ADD CONSTRAINT users_url_length CHECK (char_length(url) BETWEEN 1 AND 2048),
    ADD CONSTRAINT users_company_length CHECK (char_length(company) BETWEEN 1 AND 256),
    ADD CONSTRAINT users_location_length CHECK (char_length(location) BETWEEN 1 AND 256);

COMMENT ON COLUMN users.name IS 'The name that people read, such as The Octocat.';
COMMENT ON COLUMN users.kind IS 'Whose account it is, if known.';
COMMENT ON COLUMN users.url IS 'The page about it, for people.';
