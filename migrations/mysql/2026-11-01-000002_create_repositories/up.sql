CREATE TABLE repositories (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL COMMENT 'The account''s number at its origin (users.user_id), not the row''s id.',
    repo_id BIGINT COMMENT 'The repository''s number where it comes from; a renamed repository is found by it.',
    repo_name VARCHAR(256) NOT NULL,
    status ENUM ('Public', 'Private') NOT NULL,
    created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    CONSTRAINT repositories_repo_id_key UNIQUE (repo_id),
    -- Also the index of the foreign key.
    CONSTRAINT repositories_user_id_repo_name_key UNIQUE (user_id, repo_name),
    CONSTRAINT repositories_repo_name_length CHECK (char_length(repo_name) BETWEEN 1 AND 256),
    CONSTRAINT repositories_repo_name_no_nul CHECK (locate(char(0 USING utf8mb4), repo_name) = 0),
    -- An account that gets its number later keeps its repositories; one that still has some is not deleted.
    CONSTRAINT repositories_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) ON UPDATE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */
COMMENT = 'Code repositories, each of one account.';
