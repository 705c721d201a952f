-- What else the origin tells about an account. NULL is what no record has told yet: rows from before have it, and the
-- next import fills it. One statement, since none can be undone.
-- lint: allow validating-constraint because the columns are new, so there is nothing in them to be checked
ALTER TABLE users
    ADD COLUMN name VARCHAR(256) COMMENT 'The name that people read, such as The Octocat.',
    ADD COLUMN kind VARCHAR(16) COMMENT 'Whose account it is, if known.',
    ADD COLUMN url VARCHAR(2048) COMMENT 'The page about it, for people.',
    ADD COLUMN company VARCHAR(256),
    ADD COLUMN location VARCHAR(256),
    ADD CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 256),
    ADD CONSTRAINT users_name_no_nul CHECK (locate(char(0 USING utf8mb4), name) = 0),
    ADD CONSTRAINT users_kind_label CHECK (kind IN ('User', 'Organization', 'Bot')),
    ADD CONSTRAINT users_url_length CHECK (char_length(url) BETWEEN 1 AND 2048),
    ADD CONSTRAINT users_url_no_nul CHECK (locate(char(0 USING utf8mb4), url) = 0),
    ADD CONSTRAINT users_company_length CHECK (char_length(company) BETWEEN 1 AND 256),
    ADD CONSTRAINT users_company_no_nul CHECK (locate(char(0 USING utf8mb4), company) = 0),
    ADD CONSTRAINT users_location_length CHECK (char_length(location) BETWEEN 1 AND 256),
    ADD CONSTRAINT users_location_no_nul CHECK (locate(char(0 USING utf8mb4), location) = 0);
