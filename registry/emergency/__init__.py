"""Emergency plans (应急预案) of an authorization, one current at a time, and the drills that exercise them."""
