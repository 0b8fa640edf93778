//! Hashing passwords and comparing with hashes: work that is slow on purpose, so only so much of it
//! is done at once, on threads of its own.

use quorate_cluster::SaltedHash;
use quorate_types::RequestError;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// bcrypt's work factor: some fifty milliseconds.
const COST: u32 = 10;
/// Passwords hashed or compared at once.
const AT_ONCE_MAX: usize = 4;
/// Further ones that may wait for their turn; more are refused.
const WAITING_MAX: usize = 256;
/// What a password is compared with when nobody has the name: nobody shall learn which names there
/// are from how long the answer takes.
const NOBODYS_HASH: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// Bounds what passwords cost.
#[derive(Debug)]
pub(crate) struct Passwords {
    waiting: Semaphore,
    working: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            waiting: Semaphore::new(WAITING_MAX + AT_ONCE_MAX),
            working: Semaphore::new(AT_ONCE_MAX),
        }
    }
}

impl Passwords {
    /// The hash of a password, with this salt.
    pub(crate) async fn hash(
        &self,
        password: String,
        salt: [u8; 16],
    ) -> Result<SaltedHash, RequestError> {
        let hashed = self
            .bounded(move || {
                let parts = bcrypt::hash_with_salt(password, COST, salt).ok()?;
                SaltedHash::new(parts.format_for_version(bcrypt::Version::TwoA))
            })
            .await?;
        hashed.ok_or_else(|| RequestError::Server("the password cannot be hashed".to_owned()))
    }

    /// Whether the password is the hash's; never without a hash, which takes as long.
    pub(crate) async fn is_of(
        &self,
        password: String,
        hash: Option<SaltedHash>,
    ) -> Result<bool, RequestError> {
        self.bounded(move || {
            let compared = hash.as_ref().map_or(NOBODYS_HASH, SaltedHash::expose);
            // A hash that was given by hand may be none; then no password is its.
            bcrypt::verify(password, compared).unwrap_or(false) && hash.is_some()
        })
        .await
    }

    async fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RequestError> {
        let too_many = || RequestError::Overloaded("too many passwords to check".to_owned());
        let _waiting = self.waiting.try_acquire().map_err(|_| too_many())?;
        let _working = self.working.acquire().await.map_err(|_| too_many())?;
        // The simulator has no threads: there, time stands still meanwhile.
        let Ok(runtime) = Handle::try_current() else {
            return Ok(work());
        };
        let done = runtime.spawn_blocking(work).await;
        done.map_err(|_| RequestError::Server("the password was not checked".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_is_of_its_hash() {
        let passwords = Passwords::default();
        let hash = passwords.hash("secret".to_owned(), [7; 16]).await.unwrap();
        assert!(hash.expose().starts_with("$2a$10$"));
        let is_of = |password: &str, hash| passwords.is_of(password.to_owned(), hash);
        assert_eq!(is_of("secret", Some(hash.clone())).await, Ok(true));
        assert_eq!(is_of("Secret", Some(hash)).await, Ok(false));
        // Known to everybody, and still nobody's.
        assert_eq!(is_of("password", None).await, Ok(false));
        let no_hash = SaltedHash::new(format!("$2a$10${}", "x".repeat(53)));
        assert_eq!(is_of("secret", no_hash).await, Ok(false));
    }

    #[tokio::test]
    async fn what_waits_is_bounded() {
        let passwords = Passwords::default();
        let _all = passwords.waiting.acquire_many(260).await.unwrap();
        let refused = passwords.is_of("secret".to_owned(), None).await;
        assert!(matches!(refused, Err(RequestError::Overloaded(_))));
    }
}
