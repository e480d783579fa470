/* A libmodbus server: holding and input register = its address, 200 of them, one session. */
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    int serial = argc > 2 && strcmp(argv[1], "rtu") == 0;
    modbus_t *peer = serial ? modbus_new_rtu(argv[2], 19200, 'N', 8, 1)
                            : modbus_new_tcp("127.0.0.1", atoi(argv[2]));
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 200, 200);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int listening = -1;
    for (int i = 0; i < 200; i++) map->tab_registers[i] = map->tab_input_registers[i] = i;
    if (serial) {
        modbus_set_slave(peer, 7);
        if (modbus_connect(peer) < 0) return 1;
    } else {
        listening = modbus_tcp_listen(peer, 1);
        if (listening < 0) return 1;
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        int size;
        if (!serial && modbus_tcp_accept(peer, &listening) < 0) return 1;
        while ((size = modbus_receive(peer, query)) >= 0) {
            if (size > 0) modbus_reply(peer, query, size, map);
        }
        if (!serial) modbus_close(peer);
    }
}
