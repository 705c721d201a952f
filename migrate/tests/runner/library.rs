//! The entities of a library, as they are at first and as they become, for drafts of migrations.

/// At first.
pub mod first {
    use diesel_session::prelude::*;
    use diesel_session::session::Table;
    use diesel_session::types::Text;

    pub mod sql_types {
        #[derive(Debug, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
        #[diesel(sqlite_type(name = "Text"), postgres_type(name = "book_level"), mysql_type(name = "Enum"))]
        pub struct BookLevel;
    }

    diesel_session::database_enum! {
        #[diesel(sql_type = sql_types::BookLevel)]
        #[named = "level"]
        pub enum Level { Easy, Hard }
    }

    diesel_session::database_enum! {
        #[named = "state"]
        pub enum State { Here, Lent }
    }

    diesel::table! { shelves (id) { id -> BigInt, room -> Text } }
    diesel::table! {
        use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
        use super::sql_types::BookLevel;

        books (id) {
            id -> BigInt,
            shelf_id -> BigInt,
            isbn -> Text,
            title -> Text,
            subtitle -> Nullable<Text>,
            color -> Text,
            level -> BookLevel,
            state -> Text,
            is_rare -> Bool,
            bought_at -> Timestamp,
            version -> BigInt,
        }
    }
    diesel::table! { tags (kind, name) { kind -> Text, name -> Text } }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = shelves)]
    pub struct Shelf {
        #[entity(key)]
        pub id: Id<Shelf>,
        pub room: String,
    }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = books)]
    #[entity(unique(isbn))]
    pub struct Book {
        #[entity(key)]
        pub id: Id<Book>,
        #[entity(references = shelves::id)]
        pub shelf_id: Id<Shelf>,
        pub isbn: Text<10>,
        pub title: Text<100>,
        pub subtitle: Option<Text<100>>,
        pub color: String,
        pub level: Level,
        pub state: State,
        pub is_rare: bool,
        #[entity(server_default)]
        pub bought_at: Timestamp,
        #[entity(version)]
        pub version: i64,
    }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = tags)]
    pub struct Tag {
        #[entity(key, given)]
        pub kind: Text<20>,
        #[entity(key, given)]
        pub name: String,
    }

    pub const ENTITIES: &[fn() -> &'static Table] = &[Book::table, Shelf::table, Tag::table];
}

/// With a table more, and another form of the books.
pub mod second {
    use diesel_session::prelude::*;
    use diesel_session::session::Table;
    use diesel_session::types::Text;

    pub use super::first::{Shelf, Tag, shelves};

    pub mod sql_types {
        #[derive(Debug, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
        #[diesel(sqlite_type(name = "Text"), postgres_type(name = "book_level"), mysql_type(name = "Enum"))]
        pub struct BookLevel;
    }

    diesel_session::database_enum! {
        #[diesel(sql_type = sql_types::BookLevel)]
        #[named = "level"]
        pub enum Level { Easy, Medium, Hard }
    }

    diesel_session::database_enum! {
        #[named = "state"]
        pub enum State { Here, Lent, Lost }
    }

    diesel::table! {
        use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Timestamp};
        use super::sql_types::BookLevel;

        books (id) {
            id -> BigInt,
            shelf_id -> Nullable<BigInt>,
            isbn -> Text,
            title -> Text,
            subtitle -> Text,
            level -> BookLevel,
            least_level -> Nullable<BookLevel>,
            state -> Text,
            is_rare -> Bool,
            bought_at -> Timestamp,
            version -> BigInt,
            pages -> BigInt,
            price -> Nullable<Double>,
            copy_of -> Nullable<BigInt>,
        }
    }
    diesel::table! {
        loans (id) { id -> BigInt, book_id -> BigInt, reader -> Text, lent_at -> Timestamp }
    }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = books)]
    #[entity(unique(isbn), unique(shelf_id, title))]
    pub struct Book {
        #[entity(key)]
        pub id: Id<Book>,
        #[entity(references = shelves::id)]
        pub shelf_id: Option<Id<Shelf>>,
        pub isbn: Text<13>,
        pub title: Text<100>,
        pub subtitle: Text<100>,
        pub level: Level,
        pub least_level: Option<Level>,
        pub state: State,
        pub is_rare: bool,
        #[entity(server_default)]
        pub bought_at: Timestamp,
        #[entity(version)]
        pub version: i64,
        pub pages: i64,
        pub price: Option<f64>,
        #[entity(references = books::id)]
        pub copy_of: Option<Id<Book>>,
    }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = loans)]
    #[entity(unique(book_id))]
    pub struct Loan {
        #[entity(key)]
        pub id: Id<Loan>,
        #[entity(references = books::id)]
        pub book_id: Id<Book>,
        pub reader: Text256,
        #[entity(update = Timestamp::now)]
        pub lent_at: Timestamp,
    }

    pub const ENTITIES: &[fn() -> &'static Table] = &[Book::table, Loan::table, Shelf::table, Tag::table];
}

/// With a reference that every shelf needs.
pub mod third {
    use diesel_session::prelude::*;
    use diesel_session::session::Table;

    diesel::table! { rooms (id) { id -> BigInt, floor -> Integer } }
    diesel::table! { shelves (id) { id -> BigInt, room -> Text, room_id -> BigInt } }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = rooms)]
    pub struct Room {
        #[entity(key)]
        pub id: Id<Room>,
        pub floor: i32,
    }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = shelves)]
    pub struct Shelf {
        #[entity(key)]
        pub id: Id<Shelf>,
        pub room: String,
        #[entity(references = rooms::id)]
        pub room_id: Id<Room>,
    }

    pub const ENTITIES: &[fn() -> &'static Table] = &[Room::table, Shelf::table, super::first::Book::table];
}
