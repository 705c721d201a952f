CREATE TABLE notes (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(256) NOT NULL,
    body LONGTEXT NOT NULL,
    user_id BIGINT NOT NULL,
    repository_id BIGINT,
    source VARCHAR(256) COMMENT 'Where an imported document came from; importing it again finds it by this.',
    created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    version BIGINT NOT NULL DEFAULT 1
        COMMENT 'Counts the changes, so that two people who edit one text do not overwrite each other.',
    -- Also the index of the foreign key to users.
    CONSTRAINT notes_user_id_source_key UNIQUE (user_id, source),
    CONSTRAINT notes_name_length CHECK (char_length(name) BETWEEN 1 AND 256),
    CONSTRAINT notes_name_no_nul CHECK (locate(char(0 USING utf8mb4), name) = 0),
    CONSTRAINT notes_body_no_nul CHECK (locate(char(0 USING utf8mb4), body) = 0),
    CONSTRAINT notes_source_length CHECK (char_length(source) BETWEEN 1 AND 256),
    CONSTRAINT notes_source_no_nul CHECK (locate(char(0 USING utf8mb4), source) = 0),
    -- A note goes with its author and outlives the repository that it is about.
    CONSTRAINT notes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT notes_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories (id) ON DELETE SET NULL,
    KEY notes_repository_id_idx (repository_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */
COMMENT = 'Notes of one person, about a repository or about nothing in particular.';
