//! What each transformation does to the state.

use crate::Change;
use crate::Metadata;
use crate::Refused;
use crate::Transformation;

impl Metadata {
    /// The state after `transformation` and what it changed, or why not.
    pub fn apply(&self, transformation: &Transformation) -> Result<(Self, Change), Refused> {
        let _ = transformation;
        Err(Refused::Invalid("not yet".to_owned()))
    }
}

impl crate::TableSchema {
    /// The table that a CREATE TABLE makes, or why it makes none.
    pub fn from_definition(
        definition: &crate::TableDefinition,
        epoch: quorate_types::Epoch,
    ) -> Result<Self, Refused> {
        let _ = (definition, epoch);
        Err(Refused::Invalid("not yet".to_owned()))
    }
}
