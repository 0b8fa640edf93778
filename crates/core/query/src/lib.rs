//! Statement and schema to plan: restrictions, functions, paging, result sets.
