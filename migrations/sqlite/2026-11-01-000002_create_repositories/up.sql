-- Code repositories, each of one account.
CREATE TABLE repositories (
    id INTEGER NOT NULL CONSTRAINT repositories_pkey PRIMARY KEY AUTOINCREMENT,
    -- The account's number at its origin (users.user_id), not the row's id.
    user_id BIGINT NOT NULL,
    -- The repository's number where it comes from; a renamed repository is found by it.
    repo_id BIGINT,
    repo_name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    CONSTRAINT repositories_repo_id_key UNIQUE (repo_id),
    -- Also the index of the foreign key.
    CONSTRAINT repositories_user_id_repo_name_key UNIQUE (user_id, repo_name),
    CONSTRAINT repositories_repo_name_length CHECK (length(repo_name) BETWEEN 1 AND 256),
    CONSTRAINT repositories_repo_name_no_nul CHECK (instr(repo_name, char(0)) = 0),
    CONSTRAINT repositories_status_label CHECK (status IN ('Public', 'Private')),
    -- An account that gets its number later keeps its repositories; one that still has some is not deleted.
    CONSTRAINT repositories_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) ON UPDATE CASCADE
);
