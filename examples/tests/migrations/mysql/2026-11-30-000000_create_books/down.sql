DROP TABLE loans;
DROP TABLE books;
