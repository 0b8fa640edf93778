//! Who clients are and what they may do: logging in, checking plans, changing roles.
//!
//! One authorizer for every protocol: [`Plan::authorize`](quorate_query::Plan::authorize) over the
//! metadata, which this node has whoever else is down. What is revoked is gone with the next request.

use crate::CommitError;
use crate::Node;
use crate::World;
use crate::requests::plain;
use crate::requests::random_bytes;
use quorate_cluster::Change;
use quorate_cluster::Metadata;
use quorate_cluster::SaltedHash;
use quorate_cluster::Transformation;
use quorate_query::Plan;
use quorate_query::RolePlan;
use quorate_request::Options;
use quorate_request::Outcome;
use quorate_request::Response;
use quorate_types::Epoch;
use quorate_types::RequestError;
use std::sync::Arc;
use std::time::Duration;

/// Between two attempts to write down the first superuser.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How long generated passwords are.
const GENERATED_CHARS: usize = 20;

impl<W: World> Node<W> {
    /// Whether the request's role may run the plan.
    pub(crate) fn authorize(
        &self,
        metadata: &Metadata,
        options: &Options,
        plan: &Plan,
    ) -> Result<(), RequestError> {
        self.authorize_role(metadata, options.role.as_deref(), plan)
    }

    /// Whether a role may run the plan. Without authentication everybody may run everything.
    pub(crate) fn authorize_role(
        &self,
        metadata: &Metadata,
        role: Option<&str>,
        plan: &Plan,
    ) -> Result<(), RequestError> {
        match role {
            Some(role) => plan.authorize(metadata, role),
            None if self.config().authentication => {
                let message = "You have not logged in".to_owned();
                Err(RequestError::Unauthorized(message))
            }
            None => Ok(()),
        }
    }

    /// The role of this name, if the password is its. The answer does not tell whether it is the
    /// name or the password that is wrong.
    pub(crate) async fn log_in(
        &self,
        name: String,
        password: String,
    ) -> Result<Arc<str>, RequestError> {
        let role = self.current_metadata().roles.get(&name).cloned();
        let hash = role.and_then(|role| role.salted_hash.clone());
        if !self.inner().passwords.is_of(password, hash).await? {
            return Err(RequestError::Authentication(format!(
                "Provided username {name} and/or password are incorrect"
            )));
        }
        if !self.current_metadata().may_log_in(&name) {
            return Err(RequestError::Authentication(format!(
                "{name} is not permitted to log in"
            )));
        }
        Ok(name.into())
    }

    /// CREATE, ALTER, DROP, GRANT, REVOKE. What the client is warned of is what this node knew before:
    /// others may be granting the same at the same time.
    pub(crate) async fn change_roles(
        &self,
        options: &Options,
        plan: &RolePlan,
    ) -> Result<Response, RequestError> {
        let generated = plan
            .generates_password()
            .then(|| generated_password(self.world()));
        let hash = match plan.password().or(generated.as_deref()) {
            Some(password) => Some(self.hash(password.to_owned()).await?),
            None => None,
        };
        let transformation = plan.transformation(hash);
        let before = self.current_metadata();
        let (change, _) = self.commit(authored(options, transformation)).await?;
        let outcome = match &generated {
            None => Outcome::Void,
            // IF [NOT] EXISTS may have left the role as it was.
            Some(_) if change == Change::None => Outcome::Rows(plan.generated(None)),
            Some(password) => Outcome::Rows(plan.generated(Some(password))),
        };
        Ok(Response {
            warnings: plan.warning(&before).into_iter().collect(),
            ..plain(outcome)
        })
    }

    async fn hash(&self, password: String) -> Result<SaltedHash, RequestError> {
        let salt = random_bytes(self.world());
        self.inner().passwords.hash(password, salt).await
    }

    /// Makes the role that the configuration names, once the cluster is there and while it has none.
    pub(crate) async fn create_initial_superuser(self) {
        let Some(initial) = self.config().initial_superuser.clone() else {
            return;
        };
        loop {
            let metadata = self.current_metadata();
            if metadata.epoch != Epoch::NONE && metadata.nodes.contains_key(&self.me()) {
                if !metadata.roles.is_empty() {
                    return;
                }
                match self
                    .commit_superuser(&initial.name, &initial.password)
                    .await
                {
                    Ok(()) => {
                        tracing::info!(name = initial.name, "the first superuser is there");
                        return;
                    }
                    Err(error) => tracing::warn!(%error, "the first superuser cannot be made yet"),
                }
            }
            self.world().sleep(RETRY_PAUSE).await;
        }
    }

    async fn commit_superuser(&self, name: &str, password: &str) -> Result<(), RequestError> {
        let first = Transformation::CreateFirstSuperuser {
            name: name.to_owned(),
            salted_hash: self.hash(password.to_owned()).await?,
        };
        let committed: Result<_, CommitError> = self.commit(first).await;
        committed?;
        Ok(())
    }
}

/// A password that nobody guesses: each character is one of 62.
fn generated_password<W: World>(world: &W) -> String {
    let characters = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let characters: Vec<char> = characters.collect();
    let one = || {
        let index = world.random() % characters.len() as u64;
        characters.get(index as usize).copied()
    };
    (0..GENERATED_CHARS).filter_map(|_| one()).collect()
}

/// What is asked for in the name of the request's role, so that it gets every permission on what it
/// creates.
pub(crate) fn authored(options: &Options, asked: Transformation) -> Transformation {
    match &options.role {
        None => asked,
        Some(role) => Transformation::Authored {
            author: role.to_string(),
            asked: Box::new(asked),
        },
    }
}

/// Whether a statement's text must not be shown to anybody.
pub(crate) fn has_secret(plan: &Plan) -> bool {
    matches!(plan, Plan::Role(plan) if plan.has_secret())
}

/// A statement's text as traces and tables show it.
pub(crate) fn shown_text<'a>(plan: &Plan, text: &'a str) -> &'a str {
    if has_secret(plan) {
        "(a statement with a password)"
    } else {
        text
    }
}
