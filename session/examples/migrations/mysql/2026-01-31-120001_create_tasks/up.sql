CREATE TABLE tasks (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    title VARCHAR(256) NOT NULL,
    done BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    FOREIGN KEY (project_id) REFERENCES projects (id)
);
