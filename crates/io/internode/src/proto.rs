//! The generated messages and services of `proto/quorate/internode/v1`.

tonic::include_proto!("quorate.internode.v1");
