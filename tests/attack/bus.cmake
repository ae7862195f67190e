# The permissions of the bus, and TLS. What is tested is what is shipped: docker/nats.conf,
# docker/nats-accounts.conf, and the scripts that make keys and certificates for them.
twofold_attack_script(attack_A43_health_login)
twofold_attack_script(attack_A43_permission_matrix)
twofold_attack_script(attack_A43_reply_injection)
twofold_attack_script(attack_A43_roles_suffice)
twofold_attack_script(attack_A65_header_flood)
twofold_attack_script(attack_A73_announced_servers)
twofold_attack_script(attack_A73_health_hostile_server)
twofold_attack_script(attack_A73_health_slow_answers)
twofold_attack_script(attack_A73_tls_hostile_server TIMEOUT 600)
twofold_attack_script(bus_clear_errors)
twofold_attack_script(bus_keys_and_certificates)
