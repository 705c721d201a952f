ALTER TABLE users
    DROP COLUMN name,
    DROP COLUMN kind,
    DROP COLUMN url,
    DROP COLUMN company,
    DROP COLUMN location;
