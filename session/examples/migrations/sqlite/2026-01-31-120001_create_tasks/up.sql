CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id BIGINT NOT NULL,
    title VARCHAR(256) NOT NULL,
    done BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    FOREIGN KEY (project_id) REFERENCES projects (id)
);
