-- Résumés: what one person offers for one vacancy.
CREATE TABLE resumes (
    id INTEGER NOT NULL CONSTRAINT resumes_pkey PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL,
    vacancy TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Where an imported document came from; importing it again finds it by this.
    source TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    -- Counts the changes, so that two people who edit one text do not overwrite each other.
    version BIGINT NOT NULL DEFAULT 1,
    -- Also the index of the foreign key.
    CONSTRAINT resumes_user_id_source_key UNIQUE (user_id, source),
    CONSTRAINT resumes_vacancy_length CHECK (length(vacancy) BETWEEN 1 AND 256),
    CONSTRAINT resumes_vacancy_no_nul CHECK (instr(vacancy, char(0)) = 0),
    CONSTRAINT resumes_body_no_nul CHECK (instr(body, char(0)) = 0),
    CONSTRAINT resumes_source_length CHECK (length(source) BETWEEN 1 AND 256),
    CONSTRAINT resumes_source_no_nul CHECK (instr(source, char(0)) = 0),
    CONSTRAINT resumes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);
