//! What the code that `#[derive(Entity)]` generates refers to. It is not part of the API: any release may change it.

pub use super::entity::{
    ColumnInfo, ColumnSet, Columns, Entity, EntityTable, ForeignKey, FreeValue, HasColumn, KeyFrom, New, Reference,
    References, Refers, Table, UniqueSet, Visitor,
};
pub use super::filter::{Filter, FilterCondition, FilterInfo, FilterTest, HasFilters, Unfiltered, operand};
pub use super::foreign_keys::{GivesReference, Links};
pub use super::given::{Given, Keys, Parent};
pub use super::history::KeepsHistory;
pub use super::history::json::{HistoryOf, JsonObject, JsonValues, read_json, to_json};
pub use super::key_columns::EntityColumn;
pub use super::reference::{Ref, given, parent};
pub use super::references::IntoReferences;
pub use super::same::same_value;
pub use super::sql::in_words;
pub use super::unique::{GivesColumn, UniqueOn};
pub use super::value::{AnyFieldType, FieldType, Value};
pub use super::version::VersionNumber;
pub use crate::error::{Error, Result};
