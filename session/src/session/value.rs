//! The values of fields whose types the session does not know: compared, hashed and copied as what they are.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use super::same::same_value;
use crate::types::{Limited, Limits};

/// A field's value of any type; every type that a field can have implements it.
pub trait Value: Any + Debug {
    /// A copy of the value.
    fn copied(&self) -> Box<dyn Value>;

    /// Sets the value to one of the same type; returns `false` if the type differs.
    fn set(&mut self, to: &dyn Value) -> bool;

    /// Whether the other value is of the same type and the same.
    fn is_same(&self, other: &dyn Value) -> bool;
}

impl<T: Any + Debug + Clone + PartialEq> Value for T {
    fn copied(&self) -> Box<dyn Value> {
        Box::new(self.clone())
    }

    fn set(&mut self, to: &dyn Value) -> bool {
        let to: &dyn Any = to;
        to.downcast_ref::<T>().is_some_and(|to| {
            self.clone_from(to);
            true
        })
    }

    fn is_same(&self, other: &dyn Value) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>().is_some_and(|other| same_value(self, other))
    }
}

/// A value of any type, in a row or on its own.
pub type AnyValue<'r> = Cow<'r, dyn Value + 'static>;

impl ToOwned for dyn Value {
    type Owned = Box<dyn Value>;

    fn to_owned(&self) -> Box<dyn Value> {
        self.copied()
    }
}

/// Whether a value of a certain type is NULL.
pub type IsNull = fn(&dyn Value) -> bool;

/// NULL as a value of a certain type.
pub type Null = fn() -> Box<dyn Value>;

/// Hashes a value of a certain type.
pub type HashValue = fn(&dyn Value, &mut dyn Hasher);

/// What the derive finds out about the type of a field.
///
/// The compiler decides by the type, whatever its name in the source: a constant of `FieldType` itself, where there is
/// one for the type, is found before that of [`AnyFieldType`].
#[derive(Debug)]
pub struct FieldType<T>(PhantomData<T>);

impl<T: Any> FieldType<Option<T>> {
    /// `None` is NULL.
    pub const IS_NULL: IsNull = |value| {
        let value: &dyn Any = value;
        value.downcast_ref::<Option<T>>().is_some_and(Option::is_none)
    };
}

impl<T: Any + Debug + Clone + PartialEq> FieldType<Option<T>> {
    /// `None`.
    pub const NULL: Option<Null> = Some(|| Box::new(None::<T>));
}

impl<T: Any + Eq + Hash> FieldType<T> {
    /// The hash that the type has.
    pub const HASH: HashValue = |value, mut state| {
        let value: &dyn Any = value;
        if let Some(value) = value.downcast_ref::<T>() {
            value.hash(&mut state);
        }
    };
}

impl<T: Limited> FieldType<T> {
    /// The limits that the type has.
    pub const LIMITS: Limits = T::LIMITS;
}

/// Implemented by every [`FieldType`].
pub trait AnyFieldType {
    /// A type that names no limits has none.
    const LIMITS: Limits = Limits::NONE;

    /// A type without an `Option` has no NULL.
    const IS_NULL: IsNull = |_| false;

    /// As above.
    const NULL: Option<Null> = None;

    /// A floating-point number is hashed by its bits. All values of another type without a hash have the same, and are
    /// compared one by one.
    const HASH: HashValue = |value, state| {
        let value: &dyn Any = value;
        let float = None
            .or_else(|| value.downcast_ref::<f64>().copied())
            .or_else(|| value.downcast_ref::<f32>().copied().map(f64::from))
            .or_else(|| value.downcast_ref::<Option<f64>>().copied()?)
            .or_else(|| value.downcast_ref::<Option<f32>>().copied()?.map(f64::from));
        if let Some(float) = float.filter(|float| !float.is_nan()) {
            // The sum is the same for both zeros, which are equal.
            state.write_u64((float + 0.0).to_bits());
        }
    };
}

impl<T> AnyFieldType for FieldType<T> {}

/// A value that can be looked up among others of its column.
#[derive(Clone)]
pub(crate) struct FieldValue<'r> {
    pub(crate) value: AnyValue<'r>,
    pub(crate) hash: HashValue,
}

impl PartialEq for FieldValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value.is_same(&*other.value)
    }
}

impl Eq for FieldValue<'_> {}

impl Hash for FieldValue<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.hash)(&*self.value, state);
    }
}

impl Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    /// Whether two values of a column are one key of a map.
    fn is_one_key(hash: HashValue, one: impl Value, other: impl Value) -> bool {
        let state = RandomState::new();
        let [one, other] = [one.copied(), other.copied()].map(|value| FieldValue { value: Cow::Owned(value), hash });
        one == other && state.hash_one(&one) == state.hash_one(&other)
    }

    #[test]
    fn an_option_of_any_name_may_be_null_and_another_type_is_not() {
        type Maybe = Option<i64>;
        assert!(FieldType::<Maybe>::IS_NULL(&None::<i64>) && !FieldType::<Maybe>::IS_NULL(&Some(7_i64)));
        assert!(!FieldType::<String>::IS_NULL(&String::new()));
        assert!(FieldType::<Maybe>::NULL.is_some_and(|null| FieldType::<Maybe>::IS_NULL(&*null())));
        assert!(FieldType::<String>::NULL.is_none());
    }

    #[test]
    fn equal_values_are_one_key_and_others_are_not() {
        #[derive(Debug, Clone, PartialEq)]
        struct Unhashed(f64);
        assert!(is_one_key(FieldType::<String>::HASH, "a".to_owned(), "a".to_owned()));
        assert!(!is_one_key(FieldType::<String>::HASH, "a".to_owned(), "b".to_owned()));
        assert!(!is_one_key(FieldType::<i64>::HASH, 1_i64, 1_i32));
        assert!(is_one_key(FieldType::<f64>::HASH, 0.0, -0.0));
        assert!(is_one_key(FieldType::<Option<f32>>::HASH, Some(f32::NAN), Some(-f32::NAN)));
        assert!(!is_one_key(FieldType::<f64>::HASH, 1.5, 2.5));
        assert!(is_one_key(FieldType::<Unhashed>::HASH, Unhashed(1.5), Unhashed(1.5)));
        assert!(!is_one_key(FieldType::<Unhashed>::HASH, Unhashed(1.5), Unhashed(2.5)));
    }

    #[test]
    fn limits_are_those_of_the_type_whatever_its_name_and_null_or_not() {
        type Name = Option<crate::types::Text<20>>;
        assert_eq!(FieldType::<Name>::LIMITS, Limits::max_chars(20));
        assert_eq!(FieldType::<crate::types::LongText>::LIMITS, Limits::NONE);
        assert_eq!(FieldType::<String>::LIMITS, Limits::NONE);
    }

    #[test]
    fn numbers_with_a_fraction_have_hashes_of_their_own() {
        let state = RandomState::new();
        let hash =
            |value: f64| state.hash_one(FieldValue { value: Cow::Owned(value.copied()), hash: FieldType::<f64>::HASH });
        assert_ne!(hash(1.5), hash(2.5));
    }
}
