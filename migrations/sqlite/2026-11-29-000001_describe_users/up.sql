-- What else the origin tells about an account. NULL is what no record has told yet: rows from before have it, and the
-- next import fills it.
-- The name that people read, such as The Octocat.
ALTER TABLE users ADD COLUMN name TEXT
    CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 256)
    CONSTRAINT users_name_no_nul CHECK (instr(name, char(0)) = 0);
-- Whose account it is, if known.
ALTER TABLE users ADD COLUMN kind TEXT
    CONSTRAINT users_kind_label CHECK (kind IN ('User', 'Organization', 'Bot'));
-- The page about it, for people.
ALTER TABLE users ADD COLUMN url TEXT
    CONSTRAINT users_url_length CHECK (length(url) BETWEEN 1 AND 2048)
    CONSTRAINT users_url_no_nul CHECK (instr(url, char(0)) = 0);
ALTER TABLE users ADD COLUMN company TEXT
    CONSTRAINT users_company_length CHECK (length(company) BETWEEN 1 AND 256)
    CONSTRAINT users_company_no_nul CHECK (instr(company, char(0)) = 0);
ALTER TABLE users ADD COLUMN location TEXT
    CONSTRAINT users_location_length CHECK (length(location) BETWEEN 1 AND 256)
    CONSTRAINT users_location_no_nul CHECK (instr(location, char(0)) = 0);
