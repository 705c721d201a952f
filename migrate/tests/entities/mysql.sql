CREATE TABLE makers (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(40) NOT NULL UNIQUE,
    mood ENUM ('calm', 'Loud') NOT NULL DEFAULT 'calm',
    past_mood ENUM ('calm', 'Loud'),
    `type` TEXT,
    oddity ENUM ('it''s'),
    place POINT,
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    version BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE things (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    maker_id BIGINT NOT NULL,
    copy_of BIGINT,
    `unit price` DECIMAL(10, 2) NOT NULL DEFAULT 1.5,
    number INT NOT NULL DEFAULT -5,
    small SMALLINT,
    tiny TINYINT,
    medium MEDIUMINT,
    tiny_natural TINYINT UNSIGNED,
    small_natural SMALLINT UNSIGNED,
    natural_number INT UNSIGNED,
    big_natural BIGINT UNSIGNED,
    exact DOUBLE NOT NULL,
    ratio FLOAT DEFAULT 0.5,
    flag BOOLEAN NOT NULL DEFAULT TRUE,
    words VARCHAR(40) NOT NULL DEFAULT 'it''s',
    code CHAR(3) NOT NULL DEFAULT (lower('ABC')),
    bytes BLOB NOT NULL,
    day DATE NOT NULL,
    hour TIME NOT NULL,
    doubled INT GENERATED ALWAYS AS (number * 2) STORED,
    FOREIGN KEY (maker_id) REFERENCES makers (id),
    FOREIGN KEY (copy_of) REFERENCES things (id)
);
CREATE TABLE profiles (
    maker_id BIGINT NOT NULL PRIMARY KEY,
    about TEXT NOT NULL,
    FOREIGN KEY (maker_id) REFERENCES makers (id)
);
CREATE TABLE places (room INT NOT NULL, shelf VARCHAR(40) NOT NULL, PRIMARY KEY (room, shelf));
CREATE TABLE `old marks` (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    room INT NOT NULL,
    shelf VARCHAR(40) NOT NULL,
    maker VARCHAR(40),
    FOREIGN KEY (maker) REFERENCES makers (name),
    FOREIGN KEY (room, shelf) REFERENCES places (room, shelf)
);
CREATE TABLE log (line TEXT);
CREATE TABLE tasks (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, label VARCHAR(40) NOT NULL);
