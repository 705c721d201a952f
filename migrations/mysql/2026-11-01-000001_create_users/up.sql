-- Texts compare byte by byte, spaces at the end included, as on every other engine: MariaDB and MySQL have a collation
-- for that under two names, each in a comment that the other server skips. One statement, since none can be undone.
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL
        COMMENT 'The account''s number where it comes from; accounts known only by name count down from -1.',
    username VARCHAR(256) NOT NULL,
    email VARCHAR(320),
    created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
        COMMENT 'UTC, by the program''s clock; the default is for rows written by hand.',
    updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
        COMMENT 'UTC, by the program''s clock; the default is for rows written by hand.',
    CONSTRAINT users_user_id_key UNIQUE (user_id),
    CONSTRAINT users_username_length CHECK (char_length(username) BETWEEN 1 AND 256),
    CONSTRAINT users_username_no_nul CHECK (locate(char(0 USING utf8mb4), username) = 0),
    CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 1 AND 320),
    CONSTRAINT users_email_no_nul CHECK (locate(char(0 USING utf8mb4), email) = 0),
    -- People are looked up by these two, and neither is unique.
    KEY users_username_idx (username),
    KEY users_email_idx (email)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */
COMMENT = 'Accounts.';
