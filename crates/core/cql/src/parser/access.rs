//! Roles, users, identities, permissions.

use super::Parsed;
use super::Parser;
use crate::ast::AddIdentity;
use crate::ast::AlterRole;
use crate::ast::AlterUser;
use crate::ast::CreateRole;
use crate::ast::CreateUser;
use crate::ast::DropIdentity;
use crate::ast::DropRole;
use crate::ast::Grant;
use crate::ast::GrantRole;
use crate::ast::ListPermissions;
use crate::ast::ListRoles;
use crate::ast::Permission;
use crate::ast::Permissions;
use crate::ast::Resource;
use crate::ast::RoleOption;
use crate::ast::Statement;
use crate::ast::UserPassword;
use crate::lexer::TokenKind;

/// Roles, users, identities.
impl Parser<'_> {
    pub(super) fn create_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.role_name()?;
        let options = self.role_options()?;
        Ok(Statement::CreateRole(CreateRole {
            name,
            if_not_exists,
            options,
        }))
    }

    pub(super) fn alter_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        let if_exists = self.if_exists()?;
        let name = self.role_name()?;
        let options = self.role_options()?;
        Ok(Statement::AlterRole(AlterRole {
            name,
            if_exists,
            options,
        }))
    }

    pub(super) fn drop_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        let if_exists = self.if_exists()?;
        let name = self.role_name()?;
        Ok(Statement::DropRole(DropRole { name, if_exists }))
    }

    fn role_options(&mut self) -> Parsed<Vec<RoleOption>> {
        if !self.accept("WITH") {
            return Ok(Vec::new());
        }
        let start = self.position;
        let options = self.conjunction(Self::role_option)?;
        let passwords = options.iter().filter(|option| {
            matches!(
                option,
                RoleOption::Password(_)
                    | RoleOption::HashedPassword(_)
                    | RoleOption::GeneratedPassword
            )
        });
        if passwords.count() > 1 {
            let message = "Options for passwords are mutually exclusive";
            return Err(Self::refuse_at(start, message));
        }
        Ok(options)
    }

    fn role_option(&mut self) -> Parsed<RoleOption> {
        if self.accept_all(&["PASSWORD", "="]) {
            self.string().map(RoleOption::Password)
        } else if self.accept_all(&["HASHED", "PASSWORD", "="]) {
            self.string().map(RoleOption::HashedPassword)
        } else if self.accept_all(&["GENERATED", "PASSWORD"]) {
            Ok(RoleOption::GeneratedPassword)
        } else if self.accept_all(&["OPTIONS", "="]) {
            self.literal_map().map(RoleOption::Options)
        } else if self.accept_all(&["SUPERUSER", "="]) {
            self.boolean().map(RoleOption::Superuser)
        } else if self.accept_all(&["LOGIN", "="]) {
            self.boolean().map(RoleOption::Login)
        } else if self.accept_all(&["ACCESS", "TO", "ALL", "DATACENTERS"]) {
            Ok(RoleOption::AccessToAllDatacenters)
        } else if self.accept_all(&["ACCESS", "TO", "DATACENTERS"]) {
            self.string_set().map(RoleOption::AccessToDatacenters)
        } else if self.accept_all(&["ACCESS", "FROM", "ALL", "CIDRS"]) {
            Ok(RoleOption::AccessFromAllCidrs)
        } else if self.accept_all(&["ACCESS", "FROM", "CIDRS"]) {
            self.string_set().map(RoleOption::AccessFromCidrs)
        } else {
            self.no_viable()
        }
    }

    fn boolean(&mut self) -> Parsed<bool> {
        if self.kind(0) != Some(TokenKind::Boolean) {
            return Err(self.mismatch("BOOLEAN"));
        }
        let value = self.word(0).eq_ignore_ascii_case("true");
        self.position += 1;
        Ok(value)
    }

    /// `{'a', 'b'}`, not empty.
    fn string_set(&mut self) -> Parsed<Vec<String>> {
        self.expect("{")?;
        let strings = self.list(Self::string)?;
        self.expect("}")?;
        Ok(strings)
    }

    pub(super) fn create_user(&mut self) -> Parsed<Statement> {
        self.expect("USER")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.user_name()?;
        let (password, superuser) = (self.user_password()?, self.accept_superuser());
        Ok(Statement::CreateUser(CreateUser {
            name,
            if_not_exists,
            password,
            superuser,
        }))
    }

    pub(super) fn alter_user(&mut self) -> Parsed<Statement> {
        self.expect("USER")?;
        let if_exists = self.if_exists()?;
        let name = self.user_name()?;
        let (password, superuser) = (self.user_password()?, self.accept_superuser());
        Ok(Statement::AlterUser(AlterUser {
            name,
            if_exists,
            password,
            superuser,
        }))
    }

    pub(super) fn drop_user(&mut self) -> Parsed<Statement> {
        self.expect("USER")?;
        let if_exists = self.if_exists()?;
        let name = self.user_name()?;
        Ok(Statement::DropUser(DropRole { name, if_exists }))
    }

    fn user_password(&mut self) -> Parsed<Option<UserPassword>> {
        if !self.accept("WITH") {
            return Ok(None);
        }
        if self.accept("PASSWORD") {
            self.string()
                .map(|password| Some(UserPassword::Plain(password)))
        } else if self.accept_all(&["HASHED", "PASSWORD"]) {
            self.string().map(|hash| Some(UserPassword::Hashed(hash)))
        } else if self.accept_all(&["GENERATED", "PASSWORD"]) {
            Ok(Some(UserPassword::Generated))
        } else {
            self.no_viable()
        }
    }

    fn accept_superuser(&mut self) -> Option<bool> {
        if self.accept("SUPERUSER") {
            Some(true)
        } else if self.accept("NOSUPERUSER") {
            Some(false)
        } else {
            None
        }
    }

    pub(super) fn add_identity(&mut self) -> Parsed<Statement> {
        self.expect_all(&["ADD", "IDENTITY"])?;
        let if_not_exists = self.if_not_exists()?;
        let identity = self.user_name()?;
        self.expect_all(&["TO", "ROLE"])?;
        let role = self.user_name()?;
        Ok(Statement::AddIdentity(AddIdentity {
            identity,
            role,
            if_not_exists,
        }))
    }

    pub(super) fn drop_identity(&mut self) -> Parsed<Statement> {
        self.expect("IDENTITY")?;
        let if_exists = self.if_exists()?;
        let identity = self.user_name()?;
        Ok(Statement::DropIdentity(DropIdentity {
            identity,
            if_exists,
        }))
    }
}

/// Permissions.
impl Parser<'_> {
    pub(super) fn grant(&mut self) -> Parsed<Statement> {
        self.expect("GRANT")?;
        if self.at_permission("TO") {
            return self
                .permission_change("TO")
                .map(|grant| Statement::Grant(Box::new(grant)));
        }
        self.role_change("TO").map(Statement::GrantRole)
    }

    pub(super) fn revoke(&mut self) -> Parsed<Statement> {
        self.expect("REVOKE")?;
        if self.at_permission("FROM") {
            return self
                .permission_change("FROM")
                .map(|grant| Statement::Revoke(Box::new(grant)));
        }
        self.role_change("FROM").map(Statement::RevokeRole)
    }

    /// Whether a permission comes next and not a role of that name, after which `word` stands.
    fn at_permission(&self, word: &str) -> bool {
        let permission = Permission::ALL
            .into_iter()
            .any(|known| self.at(known.as_str()));
        (permission || self.at("ALL")) && !self.at_ahead(1, word)
    }

    fn permission_change(&mut self, word: &str) -> Parsed<Grant> {
        let permissions = self.permissions()?;
        self.expect("ON")?;
        let resource = self.resource()?;
        self.expect(word)?;
        Ok(Grant {
            permissions,
            resource,
            role: self.role_name()?,
        })
    }

    fn role_change(&mut self, word: &str) -> Parsed<GrantRole> {
        let role = self.role_name()?;
        self.expect(word)?;
        Ok(GrantRole {
            role,
            grantee: self.role_name()?,
        })
    }

    fn permissions(&mut self) -> Parsed<Permissions> {
        if self.accept("ALL") {
            self.accept("PERMISSIONS");
            return Ok(Permissions::All);
        }
        self.list(Self::permission).map(Permissions::Listed)
    }

    fn permission(&mut self) -> Parsed<Permission> {
        let found = Permission::ALL
            .into_iter()
            .find(|known| self.accept(known.as_str()));
        let Some(permission) = found else {
            return self.no_viable();
        };
        self.accept("PERMISSION");
        Ok(permission)
    }

    fn resource(&mut self) -> Parsed<Resource> {
        if self.at("ALL") && !self.at_ahead(1, ".") {
            self.expect("ALL")?;
            return self.all_of_a_kind();
        }
        if self.accept_keyspace() {
            return self.keyspace_name().map(Resource::Keyspace);
        }
        if self.at("ROLE") && (self.at_name(1) || self.kind(1) == Some(TokenKind::String)) {
            self.expect("ROLE")?;
            return self.role_name().map(Resource::Role);
        }
        if self.at("FUNCTION") && self.at_name(1) {
            self.expect("FUNCTION")?;
            let name = self.function_name()?;
            return Ok(Resource::Function {
                name,
                arguments: self.argument_types()?,
            });
        }
        if self.kind(1) == Some(TokenKind::String) && self.accept("MBEAN") {
            return self.string().map(Resource::Mbean);
        }
        if self.kind(1) == Some(TokenKind::String) && self.accept("MBEANS") {
            return self.string().map(Resource::Mbeans);
        }
        self.accept_table();
        self.table_name().map(Resource::Table)
    }

    fn all_of_a_kind(&mut self) -> Parsed<Resource> {
        if self.accept("KEYSPACES") {
            return Ok(Resource::AllKeyspaces);
        }
        if self.accept("TABLES") || self.accept("COLUMNFAMILIES") {
            self.expect("IN")?;
            return self.keyspace_after_its_word().map(Resource::AllTables);
        }
        if self.accept("ROLES") {
            return Ok(Resource::AllRoles);
        }
        if self.accept("MBEANS") {
            return Ok(Resource::AllMbeans);
        }
        self.expect("FUNCTIONS")?;
        if self.accept("IN") {
            return self.keyspace_after_its_word().map(Resource::AllFunctionsIn);
        }
        Ok(Resource::AllFunctions)
    }

    fn keyspace_after_its_word(&mut self) -> Parsed<String> {
        if !self.accept_keyspace() {
            return Err(self.mismatch("KEYSPACE"));
        }
        self.keyspace_name()
    }

    pub(super) fn list_statement(&mut self) -> Parsed<Statement> {
        self.expect("LIST")?;
        if self.accept("USERS") {
            return Ok(Statement::ListUsers);
        }
        if self.accept("ROLES") {
            let role = if self.accept("OF") {
                Some(self.role_name()?)
            } else {
                None
            };
            let recursive = !self.accept("NORECURSIVE");
            return Ok(Statement::ListRoles(ListRoles { role, recursive }));
        }
        let permissions = self.permissions()?;
        let resource = if self.accept("ON") {
            Some(self.resource()?)
        } else {
            None
        };
        let role = if self.accept("OF") {
            Some(self.role_name()?)
        } else {
            None
        };
        let recursive = !self.accept("NORECURSIVE");
        let list = ListPermissions {
            permissions,
            resource,
            role,
            recursive,
        };
        Ok(Statement::ListPermissions(Box::new(list)))
    }
}
