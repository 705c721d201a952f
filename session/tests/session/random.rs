//! The tests that make random choices, on each engine.

/// Makes a test function of each test for every engine, in a module named after the engine.
macro_rules! on_every_engine {
    ($($file:ident { $($test:ident)+ })+) => {
        on_every_engine!(#[cfg(feature = "sqlite")] sqlite, AnySqlite: $($file { $($test)+ })+);
        on_every_engine!(#[cfg(feature = "postgres")] postgres, AnyPostgres: $($file { $($test)+ })+);
        on_every_engine!(#[cfg(feature = "mysql")] mariadb, AnyMariadb: $($file { $($test)+ })+);
        on_every_engine!(#[cfg(feature = "mysql")] mysql, AnyMysql: $($file { $($test)+ })+);
    };
    (#[$attribute:meta] $engine:ident, $harness:ident: $($file:ident { $($test:ident)+ })+) => {
        #[$attribute]
        mod $engine {
            $(mod $file {
                $(#[test]
                fn $test() -> diesel_session::Result<()> {
                    crate::any::suite::subject::on::<crate::harness::$harness>(crate::$file::$test)
                })+
            })+
        }
    };
}

on_every_engine! {
    depot_walk {
        a_session_and_a_model_of_its_relations_and_history_walk_together
    }
    forests {
        b049_a_random_tree_is_deleted_if_any_order_of_statements_does_it
        b083_handles_follow_random_changes_of_natural_keys
    }
    orders {
        a_flush_works_if_any_order_of_statements_does
    }
    properties {
        any_graph_that_can_be_flushed_is_flushed
    }
    swaps {
        b147_any_exchange_works_with_a_free_value_and_parks_one_row_of_each_cycle
        b145_values_of_some_rows_pass_if_any_order_of_statements_does_it
        b146_positions_pass_if_any_order_of_statements_does_it
    }
    walk {
        a_session_and_a_model_of_its_contract_walk_together
    }
}
