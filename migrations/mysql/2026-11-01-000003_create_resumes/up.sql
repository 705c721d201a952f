CREATE TABLE resumes (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    vacancy VARCHAR(256) NOT NULL,
    body LONGTEXT NOT NULL,
    source VARCHAR(256) COMMENT 'Where an imported document came from; importing it again finds it by this.',
    created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    version BIGINT NOT NULL DEFAULT 1
        COMMENT 'Counts the changes, so that two people who edit one text do not overwrite each other.',
    -- Also the index of the foreign key.
    CONSTRAINT resumes_user_id_source_key UNIQUE (user_id, source),
    CONSTRAINT resumes_vacancy_length CHECK (char_length(vacancy) BETWEEN 1 AND 256),
    CONSTRAINT resumes_vacancy_no_nul CHECK (locate(char(0 USING utf8mb4), vacancy) = 0),
    CONSTRAINT resumes_body_no_nul CHECK (locate(char(0 USING utf8mb4), body) = 0),
    CONSTRAINT resumes_source_length CHECK (char_length(source) BETWEEN 1 AND 256),
    CONSTRAINT resumes_source_no_nul CHECK (locate(char(0 USING utf8mb4), source) = 0),
    CONSTRAINT resumes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */
COMMENT = 'Résumés: what one person offers for one vacancy.';
