#include "cli.h"

int main(int argc, char **argv)
{
    (void)argc;
    return (int)cli_main(argv);
}
