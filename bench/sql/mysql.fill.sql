SET SESSION cte_max_recursion_depth = {rows} + 1;
INSERT INTO users (id, login, email, stars, created_at)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
SELECT n, concat('user', n), CASE WHEN n % 2 = 0 THEN concat('user', n, '@example.org') END, n % 100,
    '2026-01-01 00:00:00'
FROM numbers;
