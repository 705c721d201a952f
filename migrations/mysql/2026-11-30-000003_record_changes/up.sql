-- The history: what each unit of work changed, as the session of the program records it.
CREATE TABLE diesel_session_history (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    unit CHAR(32) NOT NULL,
    unit_name VARCHAR(255),
    author VARCHAR(255),
    changed_at DATETIME(6) NOT NULL,
    table_name VARCHAR(64) NOT NULL,
    row_key VARCHAR(600) NOT NULL,
    operation VARCHAR(6) NOT NULL,
    values_before LONGTEXT,
    delivered_at DATETIME(6),
    KEY diesel_session_history_row (row_key, table_name),
    KEY diesel_session_history_unit (unit)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'Who changed a row of an entity with #[entity(history)], when, in which unit of work, and its values before.';
