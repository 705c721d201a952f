-- Accounts. AUTOINCREMENT, so that the key of a removed row never comes back and names someone else's.
CREATE TABLE users (
    id INTEGER NOT NULL CONSTRAINT users_pkey PRIMARY KEY AUTOINCREMENT,
    -- The account's number where it comes from; accounts known only by name count down from -1.
    user_id BIGINT NOT NULL,
    username TEXT NOT NULL,
    email TEXT,
    -- The program's clock sets these; the defaults are for rows written by hand. UTC, in the form that Diesel reads.
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    CONSTRAINT users_user_id_key UNIQUE (user_id),
    -- length() stops at a NUL, so a rule about length is only one together with the rule against NUL.
    CONSTRAINT users_username_length CHECK (length(username) BETWEEN 1 AND 256),
    CONSTRAINT users_username_no_nul CHECK (instr(username, char(0)) = 0),
    CONSTRAINT users_email_length CHECK (length(email) BETWEEN 1 AND 320),
    CONSTRAINT users_email_no_nul CHECK (instr(email, char(0)) = 0)
);

-- People are looked up by these two, and neither is unique.
CREATE INDEX users_username_idx ON users (username);
CREATE INDEX users_email_idx ON users (email);
