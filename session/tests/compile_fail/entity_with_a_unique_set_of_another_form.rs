//! What a unique set consists of is read strictly.

use diesel_session::Entity;

diesel::table! {
    slots (id) { id -> BigInt, list -> BigInt, position -> BigInt, live -> Bool }
}

macro_rules! slot {
    ($name:ident, $($unique:tt)*) => {
        #[derive(Debug, Clone, PartialEq, Entity)]
        #[diesel(table_name = slots)]
        #[entity(unique($($unique)*))]
        pub struct $name {
            #[entity(key)]
            pub id: i64,
            pub list: i64,
            pub position: i64,
            pub live: bool,
        }
    };
}

slot!(OfNoField, list, place);
slot!(OfAnyColumn, list, position, free(-1));
slot!(OfAnotherColumn, list, free(position = -1));
slot!(OfTheKey, id, free(-1));
slot!(OfTheCondition, position, when = position.ne(7), free(-1));
slot!(OfAnotherCondition, position, when = position.gt(7));
slot!(OfSomeRowsAtCommit, position, when = live.eq(true), deferrable);
slot!(OfANumber, position, 7);

fn main() {}
